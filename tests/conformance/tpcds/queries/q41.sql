-- Weekdays of a store, a year against the next: ratios of CASE pivots.
with wss as (
    select d_week_seq, ss_store_sk,
           sum(case when d_day_name = 'Sunday' then ss_sales_price end) as sun_sales, sum(case when d_day_name = 'Monday' then ss_sales_price end) as mon_sales
    from store_sales, date_dim where d_date_sk = ss_sold_date_sk group by d_week_seq, ss_store_sk
)
select s_store_name1, s_store_id1, d_week_seq1, sun_sales1 / sun_sales2 as sun, mon_sales1 / mon_sales2 as mon
from (select s_store_name as s_store_name1, wss.d_week_seq as d_week_seq1, s_store_id as s_store_id1, sun_sales as sun_sales1, mon_sales as mon_sales1
      from wss, store, date_dim d where d.d_week_seq = wss.d_week_seq and ss_store_sk = s_store_sk and d_month_seq between 1188 and 1199) y,
     (select s_store_name as s_store_name2, wss.d_week_seq as d_week_seq2, s_store_id as s_store_id2, sun_sales as sun_sales2, mon_sales as mon_sales2
      from wss, store, date_dim d where d.d_week_seq = wss.d_week_seq and ss_store_sk = s_store_sk and d_month_seq between 1200 and 1211) x
where s_store_id1 = s_store_id2 and d_week_seq1 = d_week_seq2 - 52
order by s_store_name1, s_store_id1, d_week_seq1, sun, mon
limit 40
