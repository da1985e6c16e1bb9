-- Morning to evening on the web: a ratio of two one-row subqueries.
select cast(amc as decimal(15, 4)) / cast(pmc as decimal(15, 4)) as am_pm_ratio
from (select count(*) as amc from web_sales, time_dim, web_page where ws_sold_time_sk = t_time_sk and ws_web_page_sk = wp_web_page_sk and t_hour between 8 and 9) at_,
     (select count(*) as pmc from web_sales, time_dim, web_page where ws_sold_time_sk = t_time_sk and ws_web_page_sk = wp_web_page_sk and t_hour between 19 and 20) pt
order by am_pm_ratio
