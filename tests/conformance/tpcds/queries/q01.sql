-- Customers whose returns in a store exceed the store's mean by a fifth: a CTE compared with an aggregate of itself.
with returned as (
    select sr_customer_sk as customer, sr_store_sk as store_at, sum(sr_return_amt) as total
    from store_returns, date_dim
    where sr_returned_date_sk = d_date_sk and d_year = 2000
    group by sr_customer_sk, sr_store_sk
)
select c_customer_id, r.total
from returned r, store, customer
where r.total > (select avg(total) * 1.2 from returned other where other.store_at = r.store_at)
  and s_store_sk = r.store_at and s_state = 'TN' and r.customer = c_customer_sk
order by c_customer_id, r.total
limit 50
