-- Profit and loss of channels with full outer joins and CUBE.
with ss as (select s_state as state, sum(ss_ext_sales_price) as sales from store_sales, store where ss_store_sk = s_store_sk group by s_state),
     cr as (select ca_state as state, sum(cr_return_amount) as back from catalog_returns, customer, customer_address
            where cr_returning_customer_sk = c_customer_sk and c_current_addr_sk = ca_address_sk group by ca_state)
select coalesce(ss.state, cr.state) as state, case when sales is null then 'only back' else 'sold' end as kind, sum(sales) as sales, sum(coalesce(back, 0)) as back
from ss full outer join cr on ss.state = cr.state
group by cube (coalesce(ss.state, cr.state), case when sales is null then 'only back' else 'sold' end)
order by 1, 2
