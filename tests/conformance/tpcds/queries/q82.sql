-- A semi join, an anti join and a second semi join, each over another, one with a grouped query.
select i_item_sk, i_item_id
from item
where i_item_sk in (select inv_item_sk from inventory group by inv_item_sk having sum(inv_quantity_on_hand) > 80000)
  and not exists (select 1 from store_returns where sr_item_sk = i_item_sk and sr_return_quantity > (select avg(sr_return_quantity) * 1.9 from store_returns))
  and exists (select 1 from web_sales where ws_item_sk = i_item_sk and ws_net_profit > i_current_price * 20)
order by i_item_sk
