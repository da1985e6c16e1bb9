-- Every arm of a set operation: EXCEPT inside UNION inside INTERSECT, with NULL keys and duplicates.
select ss_customer_sk as k from store_sales where ss_quantity > 60
intersect
(select ws_bill_customer_sk from web_sales union select cs_bill_customer_sk from catalog_sales where cs_quantity > 90)
except
select sr_customer_sk from store_returns where sr_return_quantity > 18
order by k nulls first
