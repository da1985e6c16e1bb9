-- Buyers by store but neither by web nor by catalog: NOT EXISTS twice over joins.
select cd_gender, cd_education_status, count(*) as cnt
from customer c, customer_address ca, customer_demographics
where c.c_current_addr_sk = ca.ca_address_sk and cd_demo_sk = c.c_current_cdemo_sk
  and exists (select 1 from store_sales, date_dim where c.c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk and d_year = 2001)
  and not exists (select 1 from web_sales, date_dim where c.c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk and d_year = 2001)
  and not exists (select 1 from catalog_sales, date_dim where c.c_customer_sk = cs_bill_customer_sk and cs_sold_date_sk = d_date_sk and d_year = 2001)
group by cd_gender, cd_education_status
order by cd_gender, cd_education_status
