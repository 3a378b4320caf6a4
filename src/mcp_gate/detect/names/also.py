"""Common names that the package with the lists has in their own letters only, or not at all."""

from __future__ import annotations

from typing import Final

GIVEN: Final = """
Hyun Woo Min Jun Seo Yeon Yoon Ji Soo Eun Tae Yang Dong Hye Joon Sung Jin Hee Kyung Jae Sang Mi Ra
Wei Jing Fang Xiuying Qiang Lei Yong Jie Juan Yan Tao Ming Chao Ping Gang Hui Ying Hong Hua Mei Yun Bo Hao Ling Peng
Rui Ting Haoran Yifan Zihan Yuxin Xinyi Jiahao Guowei Zhihao Xiaoming Xiaoyu Jianguo Yuting Meiling Lihua Xiaojun
Akira Hiroshi Kenji Takeshi Haruto Haruka Yuki Yuto Sota Ren Sakura Aoi Hina Yui Keiko Naoko Noriko Michiko Yoko Emiko
Kazuko Tomoko Megumi Mariko Kaori Aiko Yumi Ayumi Hideo Hideki Satoshi Takashi Makoto Kazuo Tetsuya Daisuke Shinji
Shota Ryota Kenta Hiroto Masaru Masashi Ichiro Jiro Kenichi Koji Naoki Osamu Shigeru Tadashi Yasuo Yoshio Nobuo
Aarav Aditya Ajay Amit Amitabh Anand Ananya Anil Anita Anjali Ankit Anup Arjun Arun Asha Ashok Ashwin Deepa Deepak
Dinesh Divya Ganesh Gaurav Gautam Geeta Girish Gopal Hari Harish Indira Jaya Kamal Karthik Kavita Kiran Kishore
Krishna Kunal Lakshmi Lalitha Madhav Mahesh Manish Manoj Meena Meera Mohan Mukesh Nandini Naresh Neha Nikhil Nisha
Nitin Padma Pooja Prakash Pranav Prasad Priya Radha Rahul Raj Rajeev Rajesh Rakesh Ram Ramesh Ravi Rekha Rohit Sachin
Sandeep Sangeeta Sanjay Sanjeev Satish Shankar Shilpa Shreya Siddharth Sneha Srinivas Subhash Sudha Sunil Sunita
Suresh Sushma Swati Tarun Uma Usha Varun Venkat Vijay Vikas Vikram Vinod Vishal Vivek Yash
Abdul Abdullah Adel Adnan Ahmad Ali Amal Amina Amir Anwar Ayman Aziza Bashir Bilal Dalia Dina Faisal Farah Farid Fatima
Ghada Habib Hadi Hala Hamza Hana Hani Hasan Hassan Hiba Huda Hussein Ibrahim Iman Jamal Jamila Kamal Karim Khadija
Khalid Khaled Laila Lamia Layla Leila Lina Mahmoud Majid Malik Mariam Maryam Mehdi Mohamed Mohammed Mona Mustafa Nabil
Nada Nadia Nasser Noor Noura Omar Othman Rami Rania Rashid Reem Reza Saeed Said Salim Salma Samir Samira Sara Shirin
Sultan Tamer Tariq Waleed Walid Yara Yasmin Yasser Youssef Yusuf Zahra Zainab Zaid Zayd Ziad
Abena Abeni Abimbola Achieng Adaeze Ade Adebayo Adewale Akinyi Akosua Ama Amara Amaka Amina Ayodele Babajide Bukola
Chiamaka Chidi Chidinma Chika Chima Chinedu Chinonso Chioma Chukwuemeka Efua Ekow Emeka Esi Femi Fiifi Folasade Funmi
Halima Ifeoma Ikenna Jabari Kehinde Kiprono Kofi Kojo Kwabena Kwaku Kwame Lerato Lindiwe Makena Mpho Mwangi Naledi
Ngozi Njeri Nkechi Nomsa Nomvula Nnamdi Obinna Olu Olumide Oluwaseun Palesa Segun Sibusiso Sipho Taiwo Temitope Thabo
Thandeka Thandiwe Themba Tunde Uche Wambui Wanjiru Yaw Yewande Zanele Zawadi Zodwa
Minh Linh Thuy Hoa Duc Lan Tuan Hung Huong Phuong Trang Thanh Khanh Ngoc Vinh Thao Binh Cuong Dung Hien Loan Nga Quang
Somchai Somsak Niran Malee Siriporn Anong Avi Noa Yael Shlomo Moshe Rivka Eitan Tamar Itai Dov Chaim Shira
Ayşe Burak Burcu Cem Defne Deniz Elif Emre Esra Mehmet Murat Mustafa Selin Zeynep Arash Dariush Farhad Kaveh Kourosh
Parisa Soraya Shapour Aleksandr Yevgeny Dmitri Fyodor Ekaterina Yekaterina Natalia Tatiana Nikolai Sergei Anatoly
Svetlana Vladimir Oleksandr Volodymyr Mykola Yuri Kirill Kostas Dimitris Giorgos Yannis Eleni Ioanna Katerina Zsófia
Gergely László Gábor Zoltán
Alp Alper Aras Aslı Ayla Baran Barış Begüm Beril Berk Berkay Buse Cansu Ceren Çağla Derya Dilara Doruk Ebru Ece
Eda Ege Emine Ercan Erdem Eren Esin Eylül Fatma Feyza Gizem Gökhan Gül Gülşen Hakan Halil Hande Hüseyin İbrahim İrem
Kaan Kerem Koray Kübra Melis Meltem Meral Merve Metin Mert Mustafa Nalan Nilüfer Nurcan Okan Onur Orhan Ozan Özge
Özlem Pınar Sedef Seda Serap Serkan Sevgi Sibel Sinan Songül Suna Şule Tarkan Tolga Tuğba Tülay Tuncay Ufuk Umut
Volkan Yasemin Yiğit Zehra
Asuka Ayaka Ayumu Chie Chiyo Chiharu Daichi Eiji Emi Etsuko Fumiko Fumio Goro Hanako Harumi Hayato Hideaki Hinata
Hiroko Hiromi Hitomi Honoka Isamu Izumi Jun Junko Kaito Kana Kanako Kaoru Katsumi Kazuki Kazuya Kei Keita Kenichiro
Kimiko Kiyoshi Kohei Kosuke Kumiko Kyoko Kyohei Maki Manabu Masahiro Masako Masato Mayu Mayumi Midori Miho Mika Miki
Minako Minoru Mio Misaki Mitsuko Miyu Miyuki Mizuki Momoko Nana Nanami Natsuki Natsumi Nobuko Nozomi Reiko Rie Rika
Riko Rina Riku Rumi Ryo Ryota Ryosuke Sachiko Saki Saori Satomi Sayaka Sayuri Seiji Setsuko Shigeo Shin Shinichi
Shinya Shiori Shizuka Shizuko Shun Shunsuke Sumiko Susumu Taichi Taiki Takahiro Takako Takeo Takuma Takumi Takuya
Taro Tatsuo Tatsuya Teruo Tetsuo Toru Toshiko Toshio Tsubasa Tsuyoshi Wakana Yasuko Yoichi Yoriko Yosuke Yoshiko
Yoshimi Yoshiyuki Youko Yusuke Yuya Yumiko
Aditi Aishwarya Akash Akhil Akshay Alok Aman Amrita Anjana Ankita Anuj Anupama Anuradha Aparna Archana Arvind Aryan
Ashutosh Atul Avinash Ayesha Bharat Bharati Bhavna Bhavesh Bhavya Bindu Chandan Chetan Chitra Darshan Debashis Devika
Dhruv Dilip Dipak Disha Farhan Gayatri Gita Gurpreet Harini Harpreet Harsh Harsha Hema Hemant Hitesh Indrani Ishaan
Ishita Jagdish Jatin Jayant Jayesh Jitendra Jyoti Kabir Kalyani Kanchan Kapil Karan Karthikeyan Kaushik Kavita Kavitha
Keerthi Ketan Komal Kriti Kritika Kumar Lakshman Lata Lavanya Madhavi Madhu Mahima Malini Mamta Manasi Manisha Manju
Manjula Mansi Megha Meghana Meenakshi Mihir Milind Minal Mitali Mohit Monika Mridula Mukul Murali Namrata Nandita
Narayan Narendra Naveen Navya Nayan Neelam Neeraj Neeta Niharika Niraj Nirmala Nishant Nitish Niyati Omkar Padmini
Pallavi Parth Parvati Payal Piyush Poonam Prabhakar Prachi Pradeep Pragya Prakruti Pramod Pranali Prasanna Prashant
Pratik Praveen Preeti Prem Prerna Priyanka Puneet Purnima Rachna Raghav Raghu Raghunath Rajani Rajat Rajendra Rajiv
Rakhi Ramya Ranjan Ranjit Rashmi Ravindra Renu Reshma Revathi Richa Ritesh Ritika Ritu Rohan Roshni Ruchi Rukmini Rupa
Sagar Sahil Samarth Sameer Sandhya Sanjana Santosh Sapna Sarika Saroj Saurabh Savita Seema Shailesh Shalini Shantanu
Sharad Sharmila Shashank Shashi Sheetal Shikha Shirish Shivani Shobha Shraddha Shrikant Shruti Shubham Simran Smita
Snehal Sonal Sonali Soumya Sourav Sridhar Srikanth Subramaniam Suchitra Sudhir Sujata Sujatha Sukanya Suman Sumit
Supriya Suraj Surendra Surya Sushant Sushil Swapna Swaroop Tanmay Tanvi Tanya Tara Tejas Trupti Tushar Uday Ujjwal
Umesh Urmila Utkarsh Vaibhav Vaishali Vandana Varsha Vasudha Veena Venkatesh Vidya Vihaan Vijaya Vimal Vineet Vinay
Vinita Viraj Vishnu Yamini Yogesh Yuvraj
Abeer Abir Afaf Ahlam Alaa Aliya Amani Amer Amjad Anas Arwa Ashraf Asma Assem Aya Ayham Aymen Azhar Bader Badr Bahaa
Baraa Basil Basem Basim Basma Bassam Bouchra Bushra Dania Diaa Dima Duaa Eman Eyad Fadi Fadia Fahad Fahd
Faisal Fares Faris Farouk Fatin Fawzi Fayez Feras Firas Ghaith Ghassan Habiba Haidar Haitham Hamad Hamid Hanan Hanin
Haneen Haytham Hazem Hesham Hicham Hisham Houda Husam Hussam Idris Ihab Imad Imane Inas Intisar Ismail
Israa Issa Iyad Jaber Jaafar Jihan Jihad Jinan Jumana Kawthar Khadijah Khalil Lamya Lana Latifa Lubna Luay Maha Mahdi
Maher Mai Maisa Majda Manal Marwa Marwan Maysa Mazen Miral Moataz Moaz Mohanad Mohsen Mouna Mounir Muhammad
Muhannad Munir Muna Murad Musa Mushira Nabila Nader Nadim Nahed Nahla Naif Najib Najla Najwa Nasim Nasrin Nawal Nazih
Nesrine Nidal Nisreen Nizar Nour Nouf Noureddine Nuha Obaid Omaima Osama Qais Qasim Raed Rafiq Raghad Rahaf
Ramadan Ramzi Rana Randa Rasha Rawan Rayan Razan Reham Riad Rima Rola Ruba Rula Saad Sabah Sabri Sadiq Safa Safaa
Sahar Saif Sajid Salah Saleh Salwa Samah Sami Samia Samih Sanaa Sawsan Shaima Shadi Shahd Shaimaa Shereen Siham Soha
Sohail Souad Suhail Suha Sulaiman Suzan Taha Tahani Taher Talal Tamim Tarek Usama Wael Wafa Wafaa Wahid Wala Walaa
Wasim Wissam Yahya Yazan Younes Yousef Zaina Zaki Zeina Zeinab Zuhair
Abayomi Abiodun Abiola Abosede Adanna Adaobi Adeola Adetokunbo Adwoa Afia Afolabi Akin Akinola Akua Akwasi Amadi
Aminata Anthonia Ayanda Ayo Ayobami Babatunde Bamidele Bongani Busisiwe Chiamaka Chibueze Chibuzo Chidera Chidubem
Chinaza Chinwe Chisomo Damilola Dayo Dikembe Dineo Ebele Ebuka Efe Ekene Emeka Enitan Eniola Esinam Esther Ewurama
Fatou Fatoumata Folake Gbenga Hadiza Idowu Ifeanyi Ifunanya Ikechukwu Isioma Itumeleng Jelani Kagiso Kamau Kamaria
Karabo Katlego Kayode Kelechi Kgosi Khumo Kwesi Lesedi Lungile Lwazi Mamadou Mandla Mandisa Mbali Moussa Mthunzi
Muthoni Nana Ndidi Nia Njoroge Nkem Nokuthula Nomfundo Nonhlanhla Nosipho Ntombi Nyambura Obiageli Ochieng Okechukwu
Olabisi Oladele Olamide Olanrewaju Olayinka Olufemi Oluwatobi Omolara Omotola Onyeka Oumar Ousmane Refilwe Rethabile
Sade Sekou Sindiswa Siphokazi Siyabonga Sizwe Tadesse Tariro Tendai Thandi Thandolwethu Tinashe Titilayo Tobi Toluwani
Tosin Tumelo Tumi Uchenna Uzoma Vusi Wanjiku Yaa Yemi Yetunde Zainabu Zinhle Zola
An Anh Bao Bich Chau Cuc Dao Dat Diem Diep Dinh Duy Giang Hai Hanh Hau Hoai Hoang Hong Huy Huyen Khang
Khoa Kien Kieu Lam Le Lien Luan Ly Mai Nam Ngan Nghia Nhan Nhi Nhung Nguyet Oanh Phat Phong Phuc Phung
Quan Quoc Quyen Quynh Sang Tam Thach Thai Thang Thien Thinh Tho Thu Thuan Thuong Tien Toan Tri Trinh Trung
Truong Tuyen Tuyet Uyen Van Viet Vy Xuan Yen
Aigerim Aizhan Alisher Asel Bakhyt Dilnoza Gulnara Madina Nargiza Nurlan Ruslan Saule Timur Zarina
Bogdan Bohdan Dmytro Halyna Hanna Iryna Ivanna Kateryna Khrystyna Kostyantyn Lesya Liliya Lyudmyla Lyubov Maksym
Mariya Maryna Mykhailo Myroslav Nadiya Nataliya Nazar Oksana Oleg Oleh Oleksandra Oleksii Olena Olha Orest Orysia
Ostap Pavlo Petro Roksolana Ruslana Serhii Serhiy Solomiya Stepan Svitlana Taras Tetiana Tetyana Tymofiy Vadym
Valentyn Vasyl Vitalii Vitaliy Viktoriya Volodymyra Yana Yaroslav Yaroslava Yevhen Yulia Yuliia Yuriy Zakhar Zoryana
Alasdair Aled Angharad Anwen Aneirin Arwel Bethan Branwen Bryn Caitrin Callum Carys Catrin Ceri Cerys Dafydd Deiniol
Delyth Dilys Dyfan Eilidh Eirlys Elin Eleri Emrys Euan Ewan Fergus Ffion Fionnuala Fraser Geraint Gethin Glenys
Gruffydd Gwen Gwendolen Gwilym Gwyneth Hamish Heledd Huw Iain Idris Ieuan Ifan Illtyd Iolo Iona Iorwerth Isla Ishbel
Lachlan Llewelyn Llinos Lowri Mairead Mairi Malcolm Mared Meinir Menna Meredydd Mhairi Morag Morwenna Myfanwy Nerys
Nesta Niall Olwen Owain Padraig Prys Rhian Rhiannon Rhodri Rhys Roisin Rory Ruaridh Sian Sioned Sorcha Tadhg Taliesin
Tegan Tomos Tudur
Annemiek Anouk Arjen Bram Carlijn Coen Daan Diederik Dirkje Eline Floris Freek Geert Gerrit Gijs Hanneke
Heleen Hendrik Hidde Hugo Ilse Inge Jaap Jelle Jeroen Jikke Jip Joep Joost Jorrit Jurriaan Karlijn Kees Klaas Koen
Laurens Leontien Lieke Lieselot Liesbeth Lotte Maaike Maarten Machteld Marieke Marijke Marleen Marlies Matthijs Menno
Merel Mieke Mirjam Niek Noor Pieter Pim Reinier Renske Rianne Ruud Saskia Sanne Siebe Sjoerd Sofie Stijn Suus
Teun Thijs Tijmen Tineke Willemijn Wouter Xander Yvette
Aitor Amaia Ander Ane Arantxa Asier Begoña Beñat Edurne Eider Eneko Endika Gaizka Garazi Gorka Haizea Iker Imanol
Iñaki Iñigo Iratxe Irati Itziar Izaro Jokin Jon Josune Joseba Koldo Leire Lide Maialen Maider Maite Mikel Miren Naiara
Nerea Olatz Peio Txomin Unai Xabier Zuriñe Aleix Anaïs Biel Carme Dolors Eloi Ferran Gemma Guillem Jaume Joan Jordi
Josep Laia Llorenç Lluís Lluc Marçal Martí Meritxell Montserrat Mireia Neus Núria Oriol Pau Quim Roger Roser
Sergi Xavi Xavier
Darnell Deandre Deion Demetrius Deshawn DeShawn Dwayne Jamal Jamar Jermaine Keisha Kendrick Keshia Kiara LaKeisha
Lakisha LaShawn Latasha Latisha LaToya Latrice Lamar Leroy Malik Marquis Monique Nakia Rashad Rasheed
Roshonda Shanice Shaniqua Shanika Sharonda Shaquille Shelby Tamika Tanisha Tavon Terrell Terrence Tevin Tiana Toya
Trayvon Tremaine Tyrell Tyrese Tyrone Yolanda
Siew Mei-Ling Boon Chee Eng Hock Kah Kok Lai Leong Mun Peck Poh Seng Soo Swee Tock Wai Wee Yew Yoke Aimin
Changming Chunhua Donghai Enlai Guang Huifen Huilan Jianhua Jianjun Jianping Jingyi Junjie Lanfen Lifen Lijuan Liling
Liping Meifen Meihua Ruolan Shufen Shuzhen Tingting Weimin Weiwei Wenjie Wenjing Xiaoling Xiaohong Xiaoping Xinyue
Xiuli Xiulan Xuefeng Yanhong Yaping Yingying Yulan Yuhan Yumei Yunfei Zedong Zhenyu Zhiqiang Zhiwei Zixuan
"""
SURNAMES: Final = """
Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Seo Shin Kwon Hwang Ahn Song Yoo Hong Jeon Moon Bae Baek Noh Kwak
Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Deng Feng Cao
Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Su Lu Ding Ren Yao Shen Qian Kong Ouyang
Nguyen Tran Pham Huynh Hoang Phan Vu Vo Dang Bui Do Ngo Duong Dinh Mai Ly Truong
Abe Endo Fujii Fujita Fujimoto Fukuda Goto Hara Harada Hasegawa Hashimoto Hayashi Hirano Ikeda Imai Inoue Ishida
Ishii Ishikawa Ito Iwasaki Kaneko Kato Kawasaki Kimura Kobayashi Kojima Kondo Kudo Kumagai Kuroda Maeda Maruyama
Matsuda Matsui Matsumoto Matsuo Miura Miyamoto Miyazaki Mori Morita Murakami Murata Nagai Nakagawa Nakajima Nakamura
Nakano Nakayama Nishida Nishimura Noguchi Nomura Ogawa Okada Okamoto Ono Ota Otsuka Saito Sakai Sakamoto Sasaki Sato
Shibata Shimada Shimizu Sugiyama Suzuki Takada Takagi Takahashi Takeuchi Tamura Tanaka Taniguchi Ueda Ueno Uchida
Wada Watanabe Yamada Yamaguchi Yamamoto Yamashita Yokoyama Yoshida
Agarwal Bhat Bhatt Chandra Das Dubey Goswami Iyengar Khanna Krishnamurthy Kulkarni Mahajan Malhotra Mishra Mukherjee
Pandey Patil Raghunathan Rastogi Saxena Srivastava Subramanian Thakur Tripathi Venkatesan
Abbas Abdallah Ahmadi Barakat Bakir Benali Bouazza Darwish Daoud Fakhoury Farouk Ghanem Habib Haddad Hamdan Hosseini
Karimi Khalil Khatib Khoury Mansour Masri Mousavi Nasser Nasr Rahimi Rahman Saleh Salem Shahin Tehrani Zidan
Achebe Adeleke Adeyemi Afolabi Agyeman Appiah Asante Balogun Bankole Boateng Chukwu Danjuma Diallo Dlamini Ekwueme
Eze Kamau Kariuki Kimani Koroma Mabaso Mbeki Mensah Mokoena Mutua Ndlovu Ngugi Nkosi Nwosu Obi Ochieng Odhiambo
Okafor Okeke Okonkwo Okoro Olawale Otieno Owusu Osei Quaye Sarpong Sesay Wambui Zulu
Aksoy Arslan Aydın Bulut Çelik Çetin Demir Demirci Doğan Erdoğan Kaya Öztürk Özkan Polat Şahin Yıldız Yılmaz
Acar Akbaş Akgün Akın Aksu Aktaş Altun Alkan Arıkan Ateş Avcı Aydoğan Bayrak Baş Bilgin Bozkurt Candan Ceylan
Coşkun Çakır Çalışkan Çetinkaya Çiftçi Dağ Demirel Deniz Doğru Duman Duran Durmaz Ekinci Erdem Eren Ergin Ersoy Esen
Genç Güler Gül Gündüz Güneş Güngör Gürbüz Işık Kahraman Kaplan Karaca Karadağ Karadeniz Karakaya Kartal Keskin Kılıç
Kıran Koç Korkmaz Köse Kurt Kutlu Özcan Özdemir Özer Özgür Pekcan Sarı Sevim Sezer Sönmez Taş Tekin Toprak Tosun
Tuna Tunç Turan Uçar Uğur Ulusoy Uysal Ünal Yalçın Yavuz Yiğit Yücel Yüksel Zengin
Adachi Akiyama Amano Ando Aoki Aoyama Araki Arai Asano Asai Baba Doi Eguchi Fujiwara Fukui Fukumoto
Furukawa Furuta Hamada Haneda Harano Hattori Hayakawa Higashi Higuchi Hirai Hirata Hirose Hori Horie Horiuchi
Hoshino Ichikawa Igarashi Iida Iizuka Imamura Inagaki Inoue Ishibashi Ishihara Isobe Iwamoto Iwata Izumi Kamiya Kamada
Kanai Kaneda Kataoka Katayama Kawabata Kawaguchi Kawai Kawakami Kawamura Kikuchi Kinoshita Kita Kitagawa Kitamura
Koike Koizumi Kono Koyama Kubo Kubota Kurihara Kurosawa Kuwahara Maekawa Makino Masuda Matsubara Matsumura
Matsunaga Matsushita Mikami Minami Miyagawa Miyahara Miyake Miyata Miyoshi Mizuno Mochizuki Morikawa Morimoto Moriyama
Muraoka Muto Nagano Nagashima Nakahara Nakao Nakata Nakazawa Narita Niimi Nishi Nishikawa Nishiyama Nozaki Obata Oda
Ogata Oguchi Ohashi Ohno Oishi Oka Okabe Okamura Okuda Omori Onishi Ono Oshima Otani Ozawa Sada Saeki Sakaguchi
Sakurai Sano Sasaki Sawada Seki Shimizu Shinohara Shiraishi Sonoda Sugawara Sugimoto Sugita Sugiura Tachibana Taguchi
Takagi Takano Takashima Takeda Takemoto Takenaka Takizawa Tamaki Tanabe Tani Tashiro Terada Toda Tominaga Tsuchiya
Tsuda Tsuji Tsukamoto Uchiyama Uehara Uemura Umeda Usui Wakabayashi Yagi Yamane Yamanaka Yamauchi Yamazaki Yanagi
Yasuda Yokota Yonezawa Yoshikawa Yoshimura Yoshioka
Acharya Advani Agrawal Ahuja Anand Apte Arora Athreya Babu Bagchi Bajaj Bajwa Bakshi Balakrishnan Banerjee Banerji
Bansal Basu Batra Bedi Bhalla Bhandari Bhardwaj Bhargava Bhattacharya Bhattacharyya Bhatia Biswas Bose Chadha
Chakrabarti Chakraborty Chatterjee Chaturvedi Chaudhary Chaudhuri Chauhan Chawla Chhabra Chopra Choudhury Dasgupta
Datta Dayal Desai Deshmukh Deshpande Dhar Dhawan Dhillon Dixit Duggal Dutt Dutta Gadgil Gandhi Ganguly Garg Gill
Gokhale Gopalan Goyal Grewal Grover Guha Gulati Gupta Handa Hegde Iyer Jadhav Jain Jha Joshi Kadam Kale Kamat Kamath
Kapadia Kapoor Kapur Karnik Kashyap Kaul Kelkar Khare Khatri Khurana Kohli Krishnan Kulkarni Kumar Lal Lele Luthra
Madan Mahadevan Malik Mandal Mani Mathur Mehra Mehrotra Mehta Menon Mistry Mitra Mittal Modi Mohanty Mukherji Murthy
Nadar Nadkarni Nagarajan Naidu Naik Nair Nambiar Nanda Narang Narayanan Narula Natarajan Nayak Nayar Negi Ojha
Padmanabhan Pai Pande Pandit Panicker Parekh Parikh Patel Pathak Patnaik Phadke Pillai Pradhan Prabhu Prasad Purohit
Puri Raghavan Rajagopalan Rajan Rajput Ramachandran Ramakrishnan Raman Ramanathan Ramaswamy Rana Ranganathan Rane
Rangan Rao Rathore Rawat Reddy Roy Sabharwal Sachdev Sachdeva Saha Sahni Saini Salvi Samant Sanyal Sarkar Sathe
Sawant Saxena Sehgal Sen Sengupta Seth Sethi Shah Sharma Shastri Shenoy Shetty Shinde Shukla Sibal Singh Singhal Sinha
Sodhi Somani Sood Sreenivasan Sridharan Srinivas Srinivasan Subramaniam Sundaram Suri Swaminathan Talwar Tandon
Tharoor Tiwari Trivedi Tyagi Upadhyay Vaidya Varghese Varma Vasudevan Venkataraman Verma Viswanathan Vohra Vora Wadhwa
Wagle Walia Yadav
Abboud Abdulla Abdullah Abdelrahman Abu Al-Amin Amin Amiri Ansari Anwar Arafat Asfour Aslan Assaf Atallah Attia Awad
Ayoub Aziz Azizi Badawi Badr Bakr Barghouti Bashir Bishara Boutros Chahine Dabbagh Daher Eid El-Masri Essa Fahmy Faraj
Farah Fares Farid Fawzi Fayad Gaber Gamal Ghazal Ghosn Hakim Hamad Hamed Hammoud Hanna Harb Hariri Hashemi Hassan
Hijazi Hosni Hussain Hussein Ibrahim Ismail Issa Jaber Jabbour Jamil Jawad Kader Kamal Kanaan Karam Karim Kassab
Kassem Kazemi Khaled Khalifa Khan Khatib Mahfouz Mahmoud Maalouf Maher Majid Makki Malouf Mikhail Moradi Mostafa
Mubarak Munir Murad Mustafa Naggar Najjar Nassar Nazari Noor Omar Osman Qasim Qureshi Rafiq Ramadan Rashed Rashid
Rezaei Rizk Saad Saab Sabbagh Safadi Said Saliba Salman Sami Samaan Sarraf Sayegh Shaheen Shamoun Sharif Sultan Taha
Tahir Tawfik Touma Wahab Yassin Younes Yousef Zaki Zaman
Abara Abebe Abiodun Achieng Acheampong Adebayo Adeleye Adesina Adjei Adomako Agbaje Aidoo Ajayi Akande Akintola Akpan
Alabi Amadi Amankwah Amoah Ampofo Anane Anim Aning Ankrah Ansah Antwi Anyanwu Appiah-Kubi Asamoah Awuah Ayodele
Azikiwe Baah Baidoo Banda Bediako Bekele Bello Botha Buhari Chibanda Chikwanha Chirwa Cisse Coulibaly Dangote Darko
Diop Diarra Dike Dogbe Dube Duodu Edet Effiong Egwu Ekong Essien Etim Fashola Fofana Frimpong Gaye Getachew Girma
Gumede Gyamfi Gyasi Haile Hlongwane Ibe Igwe Ikande Iwu Jallow Kabiru Kagwe Kalu Kamara Karanja Keita Kenyatta Khumalo
Kibet Kipchoge Kone Konadu Kuti Lungu Lawal Mabuza Mahlangu Makoni Maina Masuku Mazibuko Mbatha Mhlongo Mkhize Moyo
Mthembu Mugabe Muriuki Mwale Mwangi Naidoo Ncube Ndiaye Ndiritu Ngcobo Njoroge Nkomo Ntuli Nyong Nyerere Obasanjo
Obiora Ochieng Odinga Odukoya Ofori Ogunbanjo Ojo Okeke Okoli Okonjo Okoye Oladipo Olaniyan Omondi Onyango Opoku
Oppong Osagie Otieno Oyelaran Quartey Sall Sithole Sow Tadesse Tembo Tesfaye Tetteh Traore Tshabalala Uche Umeh
Uzor Wanjala Wekesa Yeboah Zungu Zuma
Cui Bian Bo Chai Chu Dai Dou Duan Fang Fei Fu Ge Geng Gong Gu Guan Hao Hou Hsu Hua Ji Jia Jin Jing
Kan Kang Lan Lang Lei Leng Lian Liao Lou Luan Mei Meng Miao Nie Niu Ning Pang Pei Ping Qi Qiao
Qin Qiu Rao Rong Ruan Sang Shang Shao Shi Shu Si Su Tao Teng Tu Wan Wei Wen Weng Xi Xia
Xiang Xin Xing Xiong Xue Yan Yi Yin Ying Yong Yue Yun Zang Zha Zhan Zheng Zhong Zhuang Zhuo Zong Zou Zuo Chan Chiu
Chow Fung Hui Kwan Kwok Lai Lam Lau Leung Lui Ng Poon Tam Tsang Tse Wong Yeung Yip Yuen
Acar Bach Bui Cao Chau Dao Diep Doan Dong Dung Hua Khuu Lac Lam Lo Lu Luong Luu Ngo Nghiem Ninh Phung
Quach Quan Ta Tang Thach Thai Trieu Trinh Tu Ung Van Vuong
Abernathy Ainsworth Albright Alderman Appleby Appleton Applewhite Ashby Ashcroft Ashdown Ashford Ashworth Atherton
Atkins Attwood Babcock Bainbridge Bancroft Barclay Barlow Barnett Bartlett Beauchamp Beckett Beckford Bellamy Bickford
Blackburn Blackwood Blakely Blanchard Bledsoe Boswell Bowden Bracewell Bradbury Bradford Bradshaw Braithwaite
Brannigan Brewster Bridgewater Broadbent Brockman Brownlow Burgess Burnham Burnside Caldwell Calloway Cartwright
Cavanagh Cavendish Chadwick Chamberlain Chandler Channing Chesterton Clayton Coldwell Colquhoun Compton Copeland
Cornwell Crabtree Cranston Crawley Cromwell Culpepper Cunliffe Dalrymple Danforth Darlington Davenport Dearborn
Delaney Delacroix Denholm Dewhurst Dickinson Drummond Dunbar Duckworth Dunmore Eastwood Eddington Ellsworth Ellington
Emerson Entwistle Everett Fairbanks Fairchild Fairfax Fairweather Farnsworth Fawcett Featherstone Fenwick Finch
Fitzpatrick Fotheringham Galloway Garrison Gaskell Gladstone Goodwin Granger Greenwood Grimshaw Hadley Halliday
Hampton Hargreaves Harrington Hartley Hastings Hathaway Haversham Hawthorne Hazelwood Heathcote Hemingway
Hepburn Higginbotham Hightower Holcomb Hollingsworth Holloway Holyfield Honeycutt Hornsby Huddleston Huxley Ingersoll
Kilpatrick Kingsley Kirkpatrick Kirkwood Langdon Langford Langley Lattimore Ledbetter
Leighton Lindley Livingston Lockhart Lockwood Longfellow Longworth Lovelace Lyndon Macdonald Mackenzie
Mansfield Marchbanks Marlowe Mayfield McAllister McAlister McBride McCallum McIntosh McTavish Merriweather Middleton
Milburn Montague Montgomery Mortimer Moseley Nettleton Newcombe Nightingale Norwood Oakley Ogilvie Okonedo Osgood
Overton Oxley Pemberton Pendleton Pennington Penhaligon Pickering Pinkerton Plumridge Poindexter
Prendergast Prescott Prewitt Pritchard Pruitt Puckett Radcliffe Rainsford Ramsbottom Ravenscroft Rawlings Redmond
Ridgeway Ridley Rosewood Rowntree Rutherford Satterfield Scofield Sedgwick Selby
Shackleton Shelton Sherborne Sheridan Sherwood Silverman Sinclair Skelton Southgate Spalding Spencer
Stackhouse Standish Stanton Stapleton Stockton Stroud Sutcliffe Swinburne Tattersall Templeton Thackeray
Thatcher Thistlethwaite Thornbury Thorndike Thornton Throckmorton Tillman Tillotson Tolliver Townsend Trelawney
Tremblay Trevelyan Turnbull Underwood Upton Vandermeer Wadsworth Wainwright Wakefield Waldron Walpole Warburton
Washburn Waterhouse Waverley Weatherby Wentworth Westbrook Wetherby Whitaker Whitcombe Whitfield Whitlock Whitmore
Whittaker Whitworth Wickham Wilberforce Winslow Winterbourne Winthrop Witherspoon Wolcott Woodhouse
Woodruff Worthington Wycliffe Yardley Yarborough
Etxeberria Etxebarria Goikoetxea Aguirre Agirre Arrieta Arregui Azkarate Barrientos Echeverría Elorza Garmendia
Ibarra Iturbe Izaguirre Larrañaga Lasa Mendizabal Mendieta Olano Otxoa Sarasola Urrutia Uriarte Zabala Zubizarreta
Puigdemont Puig Ferrer Vilanova Sepúlveda Olmedo
Braam Cremers Dijkman Groenewegen Haverkamp Hoogendoorn Jongsma Kuipers Langedijk Meulenbelt Nijhuis
Oosterhout Postma Schellekens Terpstra Verhoeven Verbruggen Visscher Vroegindeweij Westerveld Wijnands Zuidema Zwart
Bielak Danylenko Dudek Głowacki Hrytsenko Shevchenko Kovalenko Bondarenko Tkachenko Kravchenko Oliynyk Melnyk Rudenko
Savchenko Nurlanova Lončar Horvat Kovač Novak Babić Marić Jurić Knežević Vuković Kovačević Petrović Jovanović Nikolić
Marković
Achterberg Brandstätter Brinkmann Fassbender Großmann Hohmann Rosenthal Schönfeld Steinbach Thalbach Vogelsang Wiesner
"""
CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ye", "ж": "zh", "з": "z", "и": "i",
    "і": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
    "ю": "yu", "я": "ya",
}  # fmt: skip
"""What its letters are in Latin ones."""
