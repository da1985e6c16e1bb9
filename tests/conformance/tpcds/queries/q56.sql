-- The share of an item's months: ratio to its partition, CASE with a division by zero kept away, nested windows over groups.
select *
from (select i_manager_id, d_moy, sum(ss_sales_price) as sum_sales, avg(sum(ss_sales_price)) over (partition by i_manager_id) as avg_monthly_sales
      from item, store_sales, date_dim, store
      where ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk and ss_store_sk = s_store_sk and d_month_seq between 1200 and 1211
        and ((i_category in ('Books', 'Home') and i_class in ('classic', 'modern')) or (i_category in ('Music', 'Sports') and i_class in ('kids', 'sport')))
      group by i_manager_id, d_moy) tmp1
where case when avg_monthly_sales > 0 then abs(sum_sales - avg_monthly_sales) / avg_monthly_sales else null end > 0.1
order by i_manager_id, avg_monthly_sales, sum_sales
