-- duckdb only: QUALIFY is not in PostgreSQL.
-- QUALIFY by an alias and without any OVER in the select list.
select ss_store_sk, ss_ticket_number, ss_quantity as q
from store_sales
where ss_item_sk = 50
qualify row_number() over (partition by ss_store_sk order by q desc nulls last, ss_ticket_number, ss_net_paid) <= 2
order by ss_store_sk nulls first, q nulls first, ss_ticket_number
