-- A comma beside JOIN … ON, LEFT JOIN and a condition of WHERE on the outer side.
select s.s_store_id, r.r_reason_desc, count(sr.sr_ticket_number) as n, count(*) as n_all
from reason r, store s left join store_returns sr on sr.sr_store_sk = s.s_store_sk and sr.sr_return_quantity > 17
where r.r_reason_sk = coalesce(sr.sr_reason_sk, 6)
group by s.s_store_id, r.r_reason_desc
order by s.s_store_id, r.r_reason_desc
