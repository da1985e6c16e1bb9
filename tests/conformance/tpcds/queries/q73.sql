-- Windows of several kinds over one another's rows: frames by rows and by range, LAG, NTILE, FIRST_VALUE, a share.
select d_date, n, sum(n) over (order by d_date rows between 2 preceding and current row) as n3,
       sum(n) over (order by d_moy) as to_month, lag(n, 1, 0) over (order by d_date) as before,
       ntile(4) over (order by n desc, d_date) as quarter_of, first_value(n) over (partition by d_moy order by d_date desc) as last_of_month,
       count(*) over () as days, n * 1.0 / sum(n) over (partition by d_moy) as share
from (select d_date, d_moy, count(*) as n from store_sales join date_dim on d_date_sk = ss_sold_date_sk where d_year = 2000 and d_moy < 4 group by d_date, d_moy) x
order by d_date
