-- A scalar subquery of no row is NULL; one in ORDER BY, one in GROUP BY's HAVING, one inside a CASE inside an aggregate.
select s_store_id, (select r_reason_desc from reason where r_reason_sk = 99) as nothing, count(*) as n,
       sum(case when s_floor_space > (select avg(s_floor_space) from store) then 1 else 0 end) as large
from store
group by s_store_id
having count(*) <= (select count(*) from reason)
order by s_store_id
