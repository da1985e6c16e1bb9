-- Returns by reason of one kind of buyers: names concatenated, a correlated mean by state of a CTE.
with customer_total_return as (
    select cr_returning_customer_sk as ctr_customer_sk, ca_state as ctr_state, sum(cr_return_amount) as ctr_total_return
    from catalog_returns, customer, customer_address
    where cr_returning_customer_sk = c_customer_sk and c_current_addr_sk = ca_address_sk
    group by cr_returning_customer_sk, ca_state
)
select c_customer_id, c_salutation, coalesce(c_last_name, '') || ', ' || coalesce(c_first_name, '') as customername, ctr_total_return
from customer_total_return ctr1, customer
where ctr1.ctr_total_return > (select avg(ctr_total_return) * 1.2 from customer_total_return ctr2 where ctr1.ctr_state = ctr2.ctr_state)
  and ctr1.ctr_customer_sk = c_customer_sk
order by c_customer_id, c_salutation, customername, ctr_total_return
