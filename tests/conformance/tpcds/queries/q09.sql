-- Buckets by quantity: CASE over scalar subqueries that count and average.
select case when (select count(*) from store_sales where ss_quantity between 1 and 20) > 500
            then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 1 and 20)
            else (select avg(ss_net_paid) from store_sales where ss_quantity between 1 and 20) end as bucket1,
       case when (select count(*) from store_sales where ss_quantity between 21 and 40) > 5000
            then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 21 and 40)
            else (select avg(ss_net_paid) from store_sales where ss_quantity between 21 and 40) end as bucket2
from reason
where r_reason_sk = 1
