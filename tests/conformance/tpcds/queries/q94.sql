-- A correlated EXISTS over a grouped query, and an IN whose subquery is limited.
select c_customer_id
from customer
where exists (select ss_store_sk from store_sales where ss_customer_sk = c_customer_sk group by ss_store_sk having count(*) > 7)
  and c_birth_year in (select c_birth_year from customer where c_birth_year is not null group by c_birth_year order by count(*) desc, c_birth_year limit 20)
order by c_customer_id
