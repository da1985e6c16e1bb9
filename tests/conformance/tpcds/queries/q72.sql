-- Conditions that are NULL rather than false: NOT over OR, BETWEEN, IN lists with NULL, CASE in WHERE.
select i_item_sk, i_color, i_current_price
from item
where not (i_color = 'red' or i_current_price > 50)
   or i_color in ('blue', null) and not (i_current_price between 20 and 40)
   or case when i_category is null then i_current_price > 30 else null end
order by i_item_sk
