-- LATERAL: the two dearest items of each class.
select k.i_class, t.i_item_sk, t.i_wholesale_cost
from (select distinct i_class from item) k
     cross join lateral (select i_item_sk, i_wholesale_cost from item i where i.i_class = k.i_class order by i_wholesale_cost desc, i_item_sk limit 2) t
order by k.i_class, t.i_wholesale_cost desc
