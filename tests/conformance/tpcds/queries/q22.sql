-- Paid by people of one market in one colour, above a twentieth of the mean: HAVING with a scalar over a CTE.
with ssales as (
    select c_last_name, c_first_name, s_store_name, i_color, i_size, sum(ss_net_paid) as netpaid
    from store_sales, store_returns, store, item, customer
    where ss_ticket_number = sr_ticket_number and ss_item_sk = sr_item_sk and ss_customer_sk = c_customer_sk
      and ss_item_sk = i_item_sk and ss_store_sk = s_store_sk and s_market_id in (1, 2) and upper(c_birth_country) <> 'CHILE'
    group by c_last_name, c_first_name, s_store_name, i_color, i_size
)
select c_last_name, c_first_name, s_store_name, sum(netpaid) as paid
from ssales
where i_color in ('red', 'plum')
group by c_last_name, c_first_name, s_store_name
having sum(netpaid) > (select 0.05 * avg(netpaid) from ssales)
order by c_last_name, c_first_name, s_store_name
