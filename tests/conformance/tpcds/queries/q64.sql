-- HAVING without GROUP BY, over all rows and over none.
select count(*) as n, sum(ss_quantity) as q, 'all' as which from store_sales having count(*) > 10
union all
select count(*), sum(ss_quantity), 'none' from store_sales where ss_item_sk < 0 having count(*) = 0
union all
select count(*), sum(ss_quantity), 'left out' from store_sales having count(*) < 0
