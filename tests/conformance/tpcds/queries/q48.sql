-- One year's total against another's by customer and channel, MAX over text and a ratio in WHERE.
with year_total as (
    select c_customer_id as customer_id, d_year as year_of, stddev_samp(ss_net_paid) as year_total, 's' as sale_type
    from customer, store_sales, date_dim where c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk and d_year in (1999, 2000) group by c_customer_id, d_year
    union all
    select c_customer_id, d_year, stddev_samp(ws_net_paid), 'w'
    from customer, web_sales, date_dim where c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk and d_year in (1999, 2000) group by c_customer_id, d_year
)
select t_s2.customer_id, t_s2.year_total
from year_total t_s1, year_total t_s2, year_total t_w1, year_total t_w2
where t_s2.customer_id = t_s1.customer_id and t_s1.customer_id = t_w2.customer_id and t_s1.customer_id = t_w1.customer_id
  and t_s1.sale_type = 's' and t_w1.sale_type = 'w' and t_s2.sale_type = 's' and t_w2.sale_type = 'w'
  and t_s1.year_of = 1999 and t_s2.year_of = 2000 and t_w1.year_of = 1999 and t_w2.year_of = 2000 and t_s1.year_total > 0
order by 1
