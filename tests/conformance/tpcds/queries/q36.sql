-- Days until a return, in classes: CASE sums over a difference of keys.
select s_store_name, s_county,
       sum(case when sr_returned_date_sk - ss_sold_date_sk <= 30 then 1 else 0 end) as "30 days",
       sum(case when sr_returned_date_sk - ss_sold_date_sk > 30 and sr_returned_date_sk - ss_sold_date_sk <= 60 then 1 else 0 end) as "31-60 days",
       sum(case when sr_returned_date_sk - ss_sold_date_sk > 60 then 1 else 0 end) as ">60 days"
from store_sales, store_returns, store, date_dim d1, date_dim d2
where ss_ticket_number = sr_ticket_number and ss_item_sk = sr_item_sk and ss_sold_date_sk = d1.d_date_sk
  and sr_returned_date_sk = d2.d_date_sk and ss_customer_sk = sr_customer_sk and ss_store_sk = s_store_sk and d2.d_year = 2001
group by s_store_name, s_county
order by s_store_name, s_county
