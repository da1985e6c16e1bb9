-- Never returned, by item and year: LEFT JOIN … IS NULL in CTEs, three facts joined on three keys.
with ws as (
    select d_year as ws_sold_year, ws_item_sk, ws_bill_customer_sk as ws_customer_sk, sum(ws_quantity) as ws_qty, sum(ws_sales_price) as ws_sp
    from web_sales left join web_returns on wr_order_number = ws_order_number and ws_item_sk = wr_item_sk join date_dim on ws_sold_date_sk = d_date_sk
    where wr_order_number is null group by d_year, ws_item_sk, ws_bill_customer_sk
), ss as (
    select d_year as ss_sold_year, ss_item_sk, ss_customer_sk, sum(ss_quantity) as ss_qty, sum(ss_sales_price) as ss_sp
    from store_sales left join store_returns on sr_ticket_number = ss_ticket_number and ss_item_sk = sr_item_sk join date_dim on ss_sold_date_sk = d_date_sk
    where sr_ticket_number is null group by d_year, ss_item_sk, ss_customer_sk
)
select ss_item_sk, round(ss_qty * 1.00 / coalesce(ws_qty, 1), 2) as ratio, ss_qty as store_qty, coalesce(ws_qty, 0) as other_qty
from ss left join ws on (ws_sold_year = ss_sold_year and ws_item_sk = ss_item_sk and ws_customer_sk = ss_customer_sk)
where ss_sold_year = 2000
order by ss_item_sk, store_qty desc, other_qty, ratio
limit 60
