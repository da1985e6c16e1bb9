-- Columns in other capitals than the tables have, and an alias in quotes beside its look-alike.
SELECT C_Customer_ID AS "Id", Upper(c_LAST_name) AS "NAME", SUM(SS_QUANTITY) AS "sum of Quantity"
FROM Customer JOIN STORE_SALES ON SS_CUSTOMER_SK = C_CUSTOMER_SK
WHERE c_customer_sk <= 40
GROUP BY c_customer_id, C_LAST_NAME
HAVING Sum(ss_quantity) > 100
ORDER BY "sum of Quantity" DESC, "Id"
