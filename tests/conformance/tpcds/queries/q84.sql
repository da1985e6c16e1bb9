-- A CTE with renamed columns, read three times, once by its own name inside a deeper WITH that hides another.
with per_store (store_at, units) as (select ss_store_sk, sum(ss_quantity) from store_sales group by ss_store_sk),
     whole as (with per_store as (select sum(units) as units from per_store) select units from per_store)
select p.store_at, p.units, p.units * 100.0 / w.units as share, (select count(*) from per_store q where q.units > p.units) + 1 as place
from per_store p cross join whole w
order by place, p.store_at
