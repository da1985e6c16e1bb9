-- FULL JOIN by USING: the key of either side, with keys that are NULL on both.
select k, a.n as shop, b.n as web
from (select ss_customer_sk as k, count(*) as n from store_sales where ss_item_sk < 20 group by 1) a
     full join (select ws_bill_customer_sk as k, count(*) as n from web_sales where ws_item_sk < 20 group by 1) b using (k)
order by k nulls last, a.n nulls first, b.n nulls first
