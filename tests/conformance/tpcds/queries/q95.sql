-- A percentile and a text list as aggregates, ordered inside.
select i_class, percentile_cont(0.5) within group (order by i_wholesale_cost) as median, string_agg(i_color, ',' order by i_color, i_item_sk) as colours
from item
where i_item_sk < 50
group by i_class
order by i_class
