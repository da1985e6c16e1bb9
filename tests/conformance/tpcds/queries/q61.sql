-- NOT IN as a condition of its own, once with NULLs in reach and once without, and one over nothing.
select c_customer_id, c_birth_year
from customer
where c_birth_year not in (select c_birth_year from customer where c_birth_country = 'CHILE' and c_birth_year is not null)
  and c_current_cdemo_sk not in (select cd_demo_sk from customer_demographics where cd_gender = 'X')
order by c_customer_id
