-- People of some counties who bought in the store and on the web or by catalog: EXISTS and (EXISTS or EXISTS).
select cd_gender, cd_marital_status, count(*) as cnt1, cd_credit_rating, count(*) as cnt2
from customer c, customer_address ca, customer_demographics
where c.c_current_addr_sk = ca.ca_address_sk and ca_county in ('Walker County', 'Barrow County') and cd_demo_sk = c.c_current_cdemo_sk
  and exists (select * from store_sales, date_dim where c.c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk and d_year = 2001)
  and (exists (select * from web_sales, date_dim where c.c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk and d_year = 2001 and d_moy between 1 and 4)
       or exists (select * from catalog_sales, date_dim where c.c_customer_sk = cs_bill_customer_sk and cs_sold_date_sk = d_date_sk and d_year = 2001 and d_moy between 1 and 4))
group by cd_gender, cd_marital_status, cd_credit_rating
order by cd_gender, cd_marital_status, cd_credit_rating
