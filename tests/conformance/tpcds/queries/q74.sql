-- The newest row of each, by a ranked subquery and by QUALIFY's elders; ties broken by all.
select customer, day_sk, amount
from (select sr_customer_sk as customer, sr_returned_date_sk as day_sk, sr_return_amt as amount,
             row_number() over (partition by sr_customer_sk order by sr_returned_date_sk desc nulls last, sr_return_amt desc nulls last, sr_item_sk, sr_ticket_number) as rn
      from store_returns) x
where rn = 1 and customer is not null
order by customer
