-- Dates: EXTRACT, differences, a month's first day, intervals added to columns.
select extract(year from d_date) as y, extract(month from d_date) as m, count(*) as n, max(d_date - cast('1998-01-01' as date)) as days,
       min(d_date + interval '1' month) as next_month
from date_dim
where d_date >= cast('2000-02-01' as date) and d_date < cast('2000-02-01' as date) + interval '3' month and d_weekend = 'N'
group by extract(year from d_date), extract(month from d_date)
order by y, m
