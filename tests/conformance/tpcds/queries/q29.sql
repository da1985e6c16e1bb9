-- In the shop but not by catalog: EXCEPT of three columns, with their NULLs.
select count(*) as n
from ((select distinct c_last_name, c_first_name, d_date from store_sales, date_dim, customer
       where ss_sold_date_sk = d_date_sk and ss_customer_sk = c_customer_sk and d_year = 2001)
      except
      (select distinct c_last_name, c_first_name, d_date from catalog_sales, date_dim, customer
       where cs_sold_date_sk = d_date_sk and cs_bill_customer_sk = c_customer_sk and d_year = 2001)) cool_cust
