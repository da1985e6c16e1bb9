-- LEFT JOIN of a LEFT JOIN with conditions that name the first table, and a filter that turns one of them inner.
select c.c_customer_id, w.ws_order_number, r.wr_return_amt
from customer c
     left join web_sales w on w.ws_bill_customer_sk = c.c_customer_sk and w.ws_quantity > c.c_birth_month * 8
     left join web_returns r on r.wr_order_number = w.ws_order_number and r.wr_item_sk = w.ws_item_sk and c.c_preferred_cust_flag = 'Y'
where c.c_customer_sk < 60 and (r.wr_return_amt is null or r.wr_return_amt > 100)
order by c.c_customer_id, w.ws_order_number nulls first, w.ws_item_sk, r.wr_return_amt
