-- INTERSECT ALL and EXCEPT ALL count equal rows.
(select ss_store_sk from store_sales where ss_item_sk = 7 intersect all select ss_store_sk from store_sales where ss_item_sk = 8)
except all
select 1
order by 1 nulls first
