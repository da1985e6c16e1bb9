-- Aliases that are columns too: GROUP BY takes the column, ORDER BY the alias.
select substr(i_item_id, 9, 2) as i_item_desc, max(i_brand) as i_brand, count(*) as i_class_id
from item
group by substr(i_item_id, 9, 2)
order by i_brand desc, i_item_desc
