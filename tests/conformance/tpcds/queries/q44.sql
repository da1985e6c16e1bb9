-- The best hundred of a category at each level: RANK over eight ROLLUP keys.
select *
from (select i_category, i_class, i_brand, d_year, d_qoy, sumsales, rank() over (partition by i_category order by sumsales desc) as rk
      from (select i_category, i_class, i_brand, d_year, d_qoy, sum(coalesce(ss_sales_price * ss_quantity, 0)) as sumsales
            from store_sales, date_dim, store, item
            where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk and ss_store_sk = s_store_sk and d_month_seq between 1188 and 1193
            group by rollup (i_category, i_class, i_brand, d_year, d_qoy)) dw1) dw2
where rk <= 10
order by i_category, i_class, i_brand, d_year, d_qoy, sumsales, rk
