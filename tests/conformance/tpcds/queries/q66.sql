-- Ordered and limited by what is not in the select list, behind an aggregate.
select i_brand, i_class
from item, store_sales
where ss_item_sk = i_item_sk
group by i_brand, i_class
order by sum(ss_quantity) desc, count(*), i_brand, i_class
limit 7 offset 3
