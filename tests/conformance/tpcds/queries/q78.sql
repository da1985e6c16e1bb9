-- DISTINCT behind a window, and a scalar over DISTINCT rows.
select distinct ss_store_sk, max(ss_quantity) over (partition by ss_store_sk) as top, (select count(*) from (select distinct i_brand, i_class from item) x) as kinds
from store_sales
order by ss_store_sk nulls first
