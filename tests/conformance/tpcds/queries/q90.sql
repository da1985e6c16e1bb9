-- WITH RECURSIVE: an employee-like chain of weeks, then an ordinary join on it.
with recursive weeks(week, depth) as (
    select 5200, 1
    union all
    select week + 1, depth + 1 from weeks where depth < 6
)
select w.week, w.depth, count(ss_ticket_number) as n
from weeks w join date_dim on d_week_seq = w.week left join store_sales on ss_sold_date_sk = d_date_sk
group by w.week, w.depth
order by w.week
