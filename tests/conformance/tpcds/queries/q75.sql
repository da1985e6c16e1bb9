-- duckdb only: QUALIFY is not in PostgreSQL.
-- QUALIFY beside WHERE, GROUP BY and HAVING, LIMIT applied last.
select i_category, i_class, sum(ss_quantity) as q, rank() over (partition by i_category order by sum(ss_quantity) desc) as r
from store_sales join item on i_item_sk = ss_item_sk
where ss_quantity is not null
group by i_category, i_class
having count(*) > 20
qualify rank() over (partition by i_category order by sum(ss_quantity) desc) <= 2 and count(*) over (partition by i_category) > 1
order by q desc, i_category, i_class
limit 8 offset 1
