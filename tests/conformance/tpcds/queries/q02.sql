-- Week-over-week of two channels put together, a year against the next: a UNION ALL, CASE pivots, a self join of CTEs.
with sold as (
    select ws_sold_date_sk as day_sk, ws_ext_sales_price as amount from web_sales
    union all
    select cs_sold_date_sk, cs_ext_sales_price from catalog_sales
),
weeks as (
    select d_week_seq,
           sum(case when d_day_name = 'Sunday' then amount else null end) as sunday,
           sum(case when d_day_name = 'Wednesday' then amount end) as wednesday,
           sum(case when d_day_name = 'Saturday' then amount end) as saturday
    from sold, date_dim
    where d_date_sk = day_sk
    group by d_week_seq
)
select y.d_week_seq as week_1, round(y.sunday / z.sunday, 2) as sunday, round(y.wednesday / z.wednesday, 2) as wednesday,
       round(y.saturday / z.saturday, 2) as saturday
from (select w.* from weeks w, date_dim d where d.d_week_seq = w.d_week_seq and d_year = 1999 and d_dow = 1) y,
     (select w.* from weeks w, date_dim d where d.d_week_seq = w.d_week_seq and d_year = 2000 and d_dow = 1) z
where y.d_week_seq = z.d_week_seq - 53
order by week_1
