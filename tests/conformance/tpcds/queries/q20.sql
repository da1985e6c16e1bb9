-- Stock by product, brand and class, with GROUPING of each level.
select i_class, i_brand, avg(inv_quantity_on_hand) as qoh, grouping(i_class) + grouping(i_brand) as lochierarchy
from inventory, date_dim, item
where inv_date_sk = d_date_sk and inv_item_sk = i_item_sk and d_month_seq between 1188 and 1199
group by rollup (i_class, i_brand)
order by qoh, i_class, i_brand
