-- A correlated COUNT that is zero for some: in WHERE and in the select list.
select c_customer_id, (select count(*) from store_returns where sr_customer_sk = c_customer_sk) as n_returns,
       (select count(sr_return_amt) + 1 from store_returns where sr_customer_sk = c_customer_sk and sr_return_quantity > 15) as big_returns
from customer
where (select count(*) from web_sales where ws_bill_customer_sk = c_customer_sk and ws_quantity > 80) = 0
order by c_customer_id
