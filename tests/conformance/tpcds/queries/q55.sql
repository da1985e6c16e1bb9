-- Rows in half hours: cross joins of eight one-row subqueries in short.
select *
from (select count(*) as h8_30 from store_sales, household_demographics, time_dim, store
      where ss_sold_time_sk = time_dim.t_time_sk and ss_hdemo_sk = household_demographics.hd_demo_sk and ss_store_sk = s_store_sk
        and time_dim.t_hour = 8 and time_dim.t_minute >= 30 and hd_dep_count < 4) s1,
     (select count(*) as h9_00 from store_sales, household_demographics, time_dim, store
      where ss_sold_time_sk = time_dim.t_time_sk and ss_hdemo_sk = household_demographics.hd_demo_sk and ss_store_sk = s_store_sk
        and time_dim.t_hour = 9 and time_dim.t_minute < 30 and hd_dep_count < 4) s2,
     (select count(*) as h9_30 from store_sales, time_dim where ss_sold_time_sk = t_time_sk and t_hour = 9 and t_minute >= 30) s3
