-- Bought, returned, bought again: counts, means and deviations of three facts.
select i_item_id, s_state, count(ss_quantity) as n, avg(ss_quantity) as mean, stddev_samp(ss_quantity) as dev,
       stddev_samp(ss_quantity) / avg(ss_quantity) as cov, count(sr_return_quantity) as returns, avg(sr_return_quantity) as mean_returned,
       count(cs_quantity) as again, avg(cs_quantity) as mean_again
from store_sales, store_returns, catalog_sales, store, item
where i_item_sk = ss_item_sk and s_store_sk = ss_store_sk and ss_customer_sk = sr_customer_sk and ss_item_sk = sr_item_sk
  and ss_ticket_number = sr_ticket_number and sr_customer_sk = cs_bill_customer_sk and sr_item_sk = cs_item_sk
group by i_item_id, s_state
order by i_item_id, s_state
limit 100
