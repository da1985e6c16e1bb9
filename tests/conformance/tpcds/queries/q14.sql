-- Catalog sales by zip or state or price.
select ca_zip, sum(cs_sales_price) as total
from catalog_sales, customer, customer_address, date_dim
where cs_bill_customer_sk = c_customer_sk and c_current_addr_sk = ca_address_sk
  and (substr(ca_zip, 1, 3) in ('240', '250', '260') or ca_state in ('CA', 'WA', 'GA') or cs_sales_price > 110)
  and cs_sold_date_sk = d_date_sk and d_qoy = 1 and d_year = 2000
group by ca_zip
order by ca_zip nulls first
limit 100
