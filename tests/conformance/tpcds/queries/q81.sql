-- Text: LIKE with wildcards, concatenation with NULL, TRIM, LENGTH, POSITION, REPLACE, COALESCE.
select c_first_name || ' ' || c_last_name as full_name, length(trim(c_last_name)) as n, replace(c_email_address, '@', ' at ') as mail,
       position('@' in coalesce(c_email_address, 'x@y')) as at_, coalesce(nullif(c_salutation, 'Dr.'), 'doctor or none') as salutation
from customer
where c_email_address like '%shop%' or c_last_name like 'O''H_ra'
order by full_name nulls last, mail nulls last, salutation
