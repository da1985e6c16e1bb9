-- NOT IN over a column that holds NULL: no row passes but those of the other arm.
select c_customer_id, c_birth_month
from customer
where c_customer_sk not in (select sr_customer_sk from store_returns)
   or (c_birth_month = 7 and c_customer_sk not in (select sr_customer_sk from store_returns where sr_customer_sk is not null))
order by c_customer_id
