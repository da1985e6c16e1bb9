-- A correlated subquery tied by more than an equality: what came before within the ticket.
select s.ss_ticket_number, s.ss_item_sk, (select sum(e.ss_quantity) from store_sales e where e.ss_ticket_number = s.ss_ticket_number and e.ss_item_sk < s.ss_item_sk) as before
from store_sales s
where s.ss_ticket_number between 100 and 120
order by s.ss_ticket_number, s.ss_item_sk, before
