-- ANY and ALL against subqueries, one of them with NULLs, one empty.
select i_item_sk, i_current_price
from item
where i_current_price >= all (select i_current_price from item where i_class = 'kids' and i_current_price is not null and i_current_price < 60)
  and i_current_price < any (select i_current_price from item where i_class = 'sport')
  and i_wholesale_cost > all (select i_wholesale_cost from item where i_class = 'no such')
order by i_item_sk
