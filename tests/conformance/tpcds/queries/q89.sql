-- Rows written in the query, joined to a table.
select v.label, count(*) as n
from (values (1, 'one'), (2, 'two'), (2, 'two again'), (3, null)) as v(store_at, label) join store_sales on ss_store_sk = v.store_at
group by v.label
order by v.label nulls last
