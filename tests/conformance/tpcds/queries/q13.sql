-- Brands sold in every channel, above the mean of all: INTERSECT of three, HAVING with a scalar, IN of a CTE.
with cross_items as (
    select i_item_sk as ss_item_sk
    from item,
         (select iss.i_brand_id as brand_id, iss.i_class_id as class_id from store_sales, item iss, date_dim d1
          where ss_item_sk = iss.i_item_sk and ss_sold_date_sk = d1.d_date_sk and d1.d_year between 1999 and 2001
          intersect
          select ics.i_brand_id, ics.i_class_id from catalog_sales, item ics, date_dim d2
          where cs_item_sk = ics.i_item_sk and cs_sold_date_sk = d2.d_date_sk and d2.d_year between 1999 and 2001
          intersect
          select iws.i_brand_id, iws.i_class_id from web_sales, item iws, date_dim d3
          where ws_item_sk = iws.i_item_sk and ws_sold_date_sk = d3.d_date_sk and d3.d_year between 1999 and 2001) x
    where i_brand_id = brand_id and i_class_id = class_id
),
avg_sales as (
    select avg(quantity * list_price) as average_sales
    from (select ss_quantity as quantity, ss_list_price as list_price from store_sales
          union all select cs_quantity, cs_list_price from catalog_sales
          union all select ws_quantity, ws_list_price from web_sales) x
)
select 'store' as channel, i_brand_id, i_class_id, sum(ss_quantity * ss_list_price) as sales, count(*) as number_sales
from store_sales, item, date_dim
where ss_item_sk in (select ss_item_sk from cross_items) and ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk and d_year = 2000
group by i_brand_id, i_class_id
having sum(ss_quantity * ss_list_price) > (select average_sales from avg_sales)
order by channel, i_brand_id, i_class_id, sales
