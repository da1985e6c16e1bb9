-- USING and NATURAL joins: merged keys, in front of a LEFT and a FULL join.
select ticket, item_sk, s.qty, r.back, coalesce(s.qty, 0) - coalesce(r.back, 0) as net
from (select ss_ticket_number as ticket, ss_item_sk as item_sk, sum(ss_quantity) as qty from store_sales where ss_item_sk < 6 group by 1, 2) s
     left join (select sr_ticket_number as ticket, sr_item_sk as item_sk, sum(sr_return_quantity) as back from store_returns group by 1, 2) r using (ticket, item_sk)
order by ticket, item_sk
