-- Means by place at every level: ROLLUP of four keys over casts.
select i_item_id, ca_country, ca_state, ca_county, avg(cast(cs_quantity as decimal(12, 2))) as agg1, avg(cast(c_birth_year as decimal(12, 2))) as agg6
from catalog_sales, customer, customer_address, date_dim, item
where cs_sold_date_sk = d_date_sk and cs_item_sk = i_item_sk and cs_bill_customer_sk = c_customer_sk
  and c_current_addr_sk = ca_address_sk and d_year = 2000 and i_item_sk < 30
group by rollup (i_item_id, ca_country, ca_state, ca_county)
order by ca_country, ca_state, ca_county, i_item_id
