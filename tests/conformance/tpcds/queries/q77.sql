-- Aggregates of DISTINCT values, with FILTER, over an expression, and of no rows at all.
select ss_store_sk, count(distinct ss_customer_sk) as customers, sum(distinct ss_quantity) as quantities,
       count(*) filter (where ss_promo_sk is null) as unpromoted, count(distinct ss_quantity % 7) as sevens, min(ss_sales_price) filter (where ss_quantity > 1000) as none
from store_sales
group by ss_store_sk
order by ss_store_sk nulls first
