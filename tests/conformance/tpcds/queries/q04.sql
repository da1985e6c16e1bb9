-- Six readings of one CTE of three channels: whose spending grew faster by catalog than by store and web.
with year_total as (
    select c_customer_id as customer_id, c_first_name as first_name, c_last_name as last_name, d_year as dyear,
           sum(ss_net_paid) as year_total, 's' as sale_type
    from customer, store_sales, date_dim
    where c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk
    group by c_customer_id, c_first_name, c_last_name, d_year
    union all
    select c_customer_id, c_first_name, c_last_name, d_year, sum(cs_net_paid), 'c'
    from customer, catalog_sales, date_dim
    where c_customer_sk = cs_bill_customer_sk and cs_sold_date_sk = d_date_sk
    group by c_customer_id, c_first_name, c_last_name, d_year
    union all
    select c_customer_id, c_first_name, c_last_name, d_year, sum(ws_net_paid), 'w'
    from customer, web_sales, date_dim
    where c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk
    group by c_customer_id, c_first_name, c_last_name, d_year
)
select s2.customer_id, s2.first_name, s2.last_name
from year_total s1, year_total s2, year_total c1, year_total c2, year_total w1, year_total w2
where s2.customer_id = s1.customer_id and s1.customer_id = c2.customer_id and s1.customer_id = c1.customer_id
  and s1.customer_id = w1.customer_id and s1.customer_id = w2.customer_id
  and s1.sale_type = 's' and c1.sale_type = 'c' and w1.sale_type = 'w'
  and s2.sale_type = 's' and c2.sale_type = 'c' and w2.sale_type = 'w'
  and s1.dyear = 1999 and s2.dyear = 2000 and c1.dyear = 1999 and c2.dyear = 2000 and w1.dyear = 1999 and w2.dyear = 2000
  and s1.year_total > 0 and c1.year_total > 0 and w1.year_total > 0
  and case when c1.year_total > 0 then c2.year_total / c1.year_total end
      > case when s1.year_total > 0 then s2.year_total / s1.year_total else 0.0 end
order by s2.customer_id, s2.first_name, s2.last_name
