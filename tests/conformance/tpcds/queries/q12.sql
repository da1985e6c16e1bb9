-- Either of three combinations of demographics, and either of three of addresses: keys common to the arms of an OR.
select avg(ss_quantity) as q, avg(ss_ext_sales_price) as p, avg(ss_wholesale_cost) as w, sum(ss_wholesale_cost) as t
from store_sales, store, customer_demographics, household_demographics, customer_address, date_dim
where s_store_sk = ss_store_sk and ss_sold_date_sk = d_date_sk and d_year = 2001
  and ((ss_hdemo_sk = hd_demo_sk and cd_demo_sk = ss_cdemo_sk and cd_marital_status = 'M' and hd_dep_count >= 3)
       or (ss_hdemo_sk = hd_demo_sk and cd_demo_sk = ss_cdemo_sk and cd_marital_status = 'S' and hd_dep_count = 1)
       or (ss_hdemo_sk = hd_demo_sk and cd_demo_sk = ss_cdemo_sk and cd_marital_status = 'W' and hd_dep_count = 1))
  and ((ss_addr_sk = ca_address_sk and ca_country = 'United States' and ca_state in ('TX', 'OH') and ss_net_profit between -500 and 2000)
       or (ss_addr_sk = ca_address_sk and ca_country = 'United States' and ca_state in ('TN', 'GA', 'CA') and ss_net_profit between 50 and 2500))
