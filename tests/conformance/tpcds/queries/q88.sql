-- RIGHT JOIN behind an inner one, and IS NOT DISTINCT FROM as a key.
select s.s_store_id, x.city, x.n
from (select ca_city as city, count(*) as n from customer_address group by ca_city) x
     right join store s on s.s_city = x.city
union all
select 'null-safe', a.ca_city, count(*)
from customer_address a join (select distinct ca_city from customer_address) b on a.ca_city is not distinct from b.ca_city
group by a.ca_city
order by 1, 2, 3
