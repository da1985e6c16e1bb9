-- Stores near preferred customers: INTERSECT of zip prefixes, joined on a substring.
select s_store_name, sum(ss_net_profit) as profit
from store_sales, date_dim, store,
     (select ca_zip
      from (
          select substring(ca_zip, 1, 5) as ca_zip from customer_address where substring(ca_zip, 1, 3) in ('240', '241', '250', '260', '270', '280', '290', '300')
          intersect
          select ca_zip
          from (select substring(ca_zip, 1, 5) as ca_zip, count(*) as cnt
                from customer_address, customer
                where ca_address_sk = c_current_addr_sk and c_preferred_cust_flag = 'Y'
                group by ca_zip
                having count(*) > 1) a1
      ) a2) v1
where ss_store_sk = s_store_sk and ss_sold_date_sk = d_date_sk and d_qoy = 2
  and substring(s_zip, 1, 2) = substring(v1.ca_zip, 1, 2)
group by s_store_name
order by s_store_name
